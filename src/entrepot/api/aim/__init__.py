"""AIM, the Amazon Inventory Management API of 2004 to 2012: parameters in headers, answers of one line."""
