"""What stock is: pure values and functions. No database, no clock, no wire format; time and ids come as arguments."""
