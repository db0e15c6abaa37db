"""What the model is compared with: lexicons, a linear classifier over words, and the LSTM of the older systems."""
