"""What an application may be allowed: roles in what sellers have, and scopes of its own."""

from __future__ import annotations

# Roles an application may hold (developer-docs.amazon.com/sp-api, role mappings, and developers' registrations).
# Notifications have no role of their own: each type asks for the role of its subject.
ROLES = (
    "Amazon Fulfillment",
    "Amazon Warehousing and Distribution",
    "Brand Analytics",
    "Buyer Communication",
    "Buyer Solicitation",
    "Direct-to-Consumer Shipping",  # restricted: names and addresses of buyers
    "Finance and Accounting",
    "Inventory and Order Tracking",
    "Pricing",
    "Product Listing",
    "Professional Services",  # restricted
    "Selling Partner Insights",
    "Sustainability Certification",
    "Tax Invoicing",  # restricted
    "Tax Remittance",  # restricted
)

# What an application may ask for without a seller.
SCOPES = (
    "sellingpartnerapi::notifications",
    "sellingpartnerapi::client_credential:rotation",
    "sellingpartnerapi::shipments:track",
)
