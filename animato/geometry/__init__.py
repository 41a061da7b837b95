"""Maps, meshes, poses and resampling: arrays in, arrays out. Nothing here reads a file or runs a network."""
