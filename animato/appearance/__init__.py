"""Channels that accompany pose and expression, one file each (`motion.channel.Channel`)."""
