"""Portrait renderer: small networks refine patches of the warped photo."""
