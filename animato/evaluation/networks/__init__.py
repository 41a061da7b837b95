"""Networks that only measure: none of them is ever part of a loss."""
