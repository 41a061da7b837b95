"""Affine maps, meshes, poses and resampling: pure functions of arrays, without file access or networks."""
