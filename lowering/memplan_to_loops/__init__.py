"""Forms on placed memory to loop nests."""
