"""Channels: what rides beside pose and expression, one file each (`motion.channel.Channel`)."""
