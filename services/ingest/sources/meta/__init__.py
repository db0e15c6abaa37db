"""Facebook and Instagram: the Graph API, and Instagram's website through instaloader."""
