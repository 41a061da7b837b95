"""Networks of the portrait renderer, which paint the regions geometry cannot reproduce."""
