"""The doors for programs: protocol at the edge, one room per generation, no rule about stock."""
