"""Rules of the house that a reader would otherwise have to look for: sizes, names, words, safe loading."""

from __future__ import annotations

import ast
import re

from source_tree import Source, all_functions, imported, public_classes, public_functions, sources

LONGEST_FILE = 300
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "core", "tools", "stuff"}

OWN_PROCESSES = {"runtime/executors/processes.py", "cli/stop_signals.py"}
"""Files whose processes end themselves: workers when who started them is gone, the command after a signal."""

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|NotImplemented)\b")
MACHINE_PATH = re.compile(r"""["'\s(](/work|/root|/home|/tmp|/Users)\b""")
UNSAFE_IMPORTS = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
NETWORK_PARTS = {"studio", "network"}
NETWORK_IMPORTS = {"requests", "httpx", "aiohttp", "socket", "urllib.request", "http.client", "ftplib", "smtplib"}

ARRAYS = {"Frame", "Points", "Plane", "Affine", "NDArray", "ndarray", "Tensor"}
SHAPE = re.compile(
    r"[\d)] x |\b[A-Z] x |\bx \d|\b[hw] x [hw]\b|\b\d+ float|"  # 478 x 3, H x W, 3 float64
    r"\bpixels?\b|\bpx\b|\bshape|\bvectors?\b|\bscalar|\btensors?\b|"
    r"from `\w+`"  # what another function returns, which has said it
)
LEGEND = re.compile(r"_[A-Z0-9]{1,6}$")
"""Names such as `photo_BCHW` carry their shape (the legend stands at the top of the file)."""


def test_no_file_is_longer_than_300_lines() -> None:
    assert not {s.name: n for s in sources() if (n := len(s.text.splitlines())) > LONGEST_FILE}


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{source.name}:{node.name}"
        for source in sources()
        for node in all_functions(source)
        if (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    assert not [s.name for s in sources() if VAGUE & set(s.name.removesuffix(".py").split("/"))]


def test_nothing_is_left_unfinished() -> None:
    assert not found(UNFINISHED)


def test_no_path_of_a_machine_is_in_the_source() -> None:
    assert not found(MACHINE_PATH)


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{source.name}:{number}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_unpickles_and_nothing_opens_a_connection() -> None:
    wrong = []
    for source in sources():
        for name, line in imported(source):
            names = {".".join(name.split(".")[:end]) for end in (1, 2)}
            if names & (UNSAFE_IMPORTS | NETWORK_IMPORTS) and source.part not in NETWORK_PARTS:
                wrong.append(f"{source.name}:{line} {name}")
    assert not wrong


def calls(source: Source, *functions: str) -> list[ast.Call]:
    return [
        node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in functions
    ]


def keyword(call: ast.Call, name: str) -> object:
    return next((ast.literal_eval(item.value) for item in call.keywords if item.arg == name), None)


def test_arrays_and_weights_are_loaded_without_running_code() -> None:
    for source in sources():
        for call in calls(source, "np.load", "numpy.load", "np.lib.format.read_array"):
            assert keyword(call, "allow_pickle") is False, f"{source.name}:{call.lineno}"
        for call in calls(source, "torch.load"):
            assert keyword(call, "weights_only") is True, f"{source.name}:{call.lineno}"


def test_no_string_is_run_as_code_or_by_a_shell() -> None:
    for source in sources():
        assert not calls(source, "eval", "exec", "os.system", "os.popen"), source.name
        assert not [c for c in calls(source, "subprocess.run", "subprocess.Popen") if keyword(c, "shell")], source.name


def test_the_library_never_exits_the_process() -> None:
    for source in sources():
        if source.part != "cli":
            assert not calls(source, "sys.exit", "exit", "quit"), source.name
        if source.name not in OWN_PROCESSES:
            assert not calls(source, "os._exit"), source.name


def test_no_bare_except_swallows_everything() -> None:
    for source in sources():
        bare = [node.lineno for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler) and not node.type]
        assert not bare, source.name


def test_every_module_class_and_public_function_says_what_it_is() -> None:
    silent = []
    documented = {
        name.split(".")[1] for s in sources() for name, node in public_functions(s) if "." in name and has_words(node)
    }
    for source in sources():
        if source.text.strip() and not ast.get_docstring(source.tree):
            silent.append(source.name)
        silent += [f"{source.name}:{node.name}" for node in public_classes(source) if not ast.get_docstring(node)]
        heirs = {node.name for node in public_classes(source) if node.bases}
        for name, node in public_functions(source):
            owner, _, method = name.rpartition(".")
            # A method that a base class has explained (`forward`, `measure`) need not say it again.
            inherited = owner in heirs and (method in documented or method == "forward")
            if not has_words(node) and not inherited:
                silent.append(f"{source.name}:{name}")
    assert not silent


def has_words(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = {ast.unparse(item).split(".")[-1] for item in node.decorator_list}
    return bool(ast.get_docstring(node)) or bool(decorators & {"overload", "setter"})


def test_every_public_function_that_takes_an_array_says_its_shape_or_unit() -> None:
    silent = []
    for source in sources():
        for name, node in public_functions(source):
            text = ast.get_docstring(node)
            if text and unexplained(node) and not SHAPE.search(text):
                silent.append(f"{source.name}:{name}")
    assert not silent


def unexplained(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of parameters that are arrays whose shape neither their name nor the type `Frame` tells."""
    names = []
    for parameter in (*node.args.args, *node.args.kwonlyargs):
        kinds = {
            kind.strip().split("[")[0] for kind in ast.unparse(parameter.annotation or ast.Constant("")).split("|")
        }
        if kinds & ARRAYS - {"Frame"} and not LEGEND.search(parameter.arg):
            names.append(parameter.arg)
    return names
