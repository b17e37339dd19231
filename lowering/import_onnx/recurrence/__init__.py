"""Import of what is repeated over time: Scan, Loop, RNN, GRU, LSTM, and steps that an exporter wrote out."""
