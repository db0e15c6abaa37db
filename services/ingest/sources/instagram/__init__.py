"""Instagram: the official hashtag search, and captions through instaloader where somebody turns that on."""
