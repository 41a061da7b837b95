"""The 2019 system: embedder, generator, discriminator."""
