"""Training of the parts network: labelled renders, and photos before plain walls."""
