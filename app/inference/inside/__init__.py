"""What happened to one photo inside the network, step by step, in numbers and pictures of that photo."""
