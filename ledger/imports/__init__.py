"""Results of other harnesses, read into what a record is made of. One file an origin; ``registry`` lists them."""
