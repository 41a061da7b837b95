// Checks that the tests run in the page; `evaluate` of this file defines them.

// Elements without a name, pictures without a text, ids that occur twice.
window.unnamed = () => {
    const shown = (e) => e.checkVisibility({visibilityProperty: true}) && !e.closest('[inert]');
    const name = (e) => (e.getAttribute('aria-label') || [...(e.labels ?? [])].map((l) => l.textContent).join(' ')
        || e.textContent || e.alt || e.title || '').trim();
    const controls = 'a[href],button,input,select,textarea,summary,video,canvas,progress,[tabindex="0"]';
    const found = [...document.querySelectorAll(controls)].filter((e) => shown(e) && !name(e)).map((e) => e.outerHTML);
    found.push(...[...document.images].filter((e) => !e.hasAttribute('alt')).map((e) => e.outerHTML));
    const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
    found.push(...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `id ${id} twice`));
    if ([...document.querySelectorAll('h1')].filter(shown).length !== 1) found.push('not one h1');
    return found;
};

// Texts with less contrast than WCAG AA asks for.
window.faint = () => {
    const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (color) => {
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = color;
        paint.fillRect(0, 0, 1, 1);
        return [...paint.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = (e) => {
        for (; e; e = e.parentElement) {
            const color = rgba(getComputedStyle(e).backgroundColor);
            if (color[3] > 250) return color;
        }
        return [255, 255, 255, 255];
    };
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const e = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !e.checkVisibility() || e.closest('svg,.unseen,:disabled,.stage,.skip')) continue;
        const style = getComputedStyle(e);
        const [a, b] = [light(rgba(style.color)), light(ground(e))].sort((x, y) => y - x);
        const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${texts.currentNode.data.trim().slice(0, 40)}`);
    }
    return found;
};

// Where the focus is: whether it is visible, marked, and after the place before.
window.focused = () => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    window.walked ??= [];
    const last = window.walked.at(-1);
    window.walked.push(e);
    const visible = e.checkVisibility({visibilityProperty: true});
    const mark = e.matches('.drop input, .segmented input') ? e.nextElementSibling : e;
    const style = getComputedStyle(mark);
    const seen = style.outlineStyle !== 'none' || e.matches('.handle-dot, .handle, .face, h1, video');
    const ordered = !last || last === e || Boolean(last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
    return {html: e.outerHTML.slice(0, 160), visible, seen, ordered};
};
