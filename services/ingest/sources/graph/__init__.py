"""Meta's Graph API, which Instagram and Facebook share: how it is asked, how it counts, how it says no."""
