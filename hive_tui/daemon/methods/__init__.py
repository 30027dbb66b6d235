"""The methods that clients call, by theme: parameters in, plain values out."""
