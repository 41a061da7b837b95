"""Network that labels the parts of a head and estimates its depth, from one photo."""
