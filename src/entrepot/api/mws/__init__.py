"""The MWS generation: Amazon Marketplace Web Service, signed query requests answered in XML."""
