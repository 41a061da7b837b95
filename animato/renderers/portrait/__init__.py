"""Painting: small networks over the warped photo."""
