"""Faces in pictures and videos: detector, landmarks, tracker, stabilisers."""
