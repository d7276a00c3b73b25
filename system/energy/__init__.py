"""Power meters: of GPUs and of processor packages. The only door to them; everything above sees joules by kind."""
