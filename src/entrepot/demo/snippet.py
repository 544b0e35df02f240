# One unit of stock goes through every state that the FBA Inventory API can show.
# Amazon's own Python SDK, unmodified, reads it after every step.
import json, time
from urllib.request import Request, urlopen
from spapi import SPAPIClient, SPAPIConfig
from spapi.api.fba_inventory_v1.fba_inventory_api import FbaInventoryApi
from spapi.models.fba_inventory_v1.create_inventory_item_request import CreateInventoryItemRequest

config = SPAPIConfig(client_id="<client_id>",
                     client_secret="<client_secret>",
                     refresh_token="<refresh_token>", region="NA")
client = SPAPIClient(config, endpoint="<URL>", oauth_endpoint="<URL>/auth/o2/token")
api, us, sku = FbaInventoryApi(client.api_client), "ATVPDKIKX0DER", f"TRAVELLER-{time.time():.0f}"

def world(verb, **arguments):  # what happens in the warehouse: the operator's side
    request = Request(f"<URL>/operator/v1/world/{verb}", json.dumps(arguments | {"seller": "<SELLER>"}).encode())
    request.add_header("Authorization", "Bearer <TOKEN>")
    return json.load(urlopen(request))

def show(step):
    answer = api.get_inventory_summaries("Marketplace", us, [us], details=True, seller_sku=sku)
    summary = answer.payload.inventory_summaries[0]
    flat, rest = {}, [summary.inventory_details.to_dict()]
    while rest:
        for name, value in rest.pop().items():
            if isinstance(value, dict): rest.append(value)
            elif isinstance(value, list): flat |= {entry["name"]: entry["quantity"] for entry in value}
            else: flat[name] = value
    print(f"{step:<20} total {summary.total_quantity}  ", *(f"{name} {n}" for name, n in flat.items() if n), sep="  ")
    time.sleep(0.5)  # the usage plan: two reads a second

api.create_inventory_item(CreateInventoryItemRequest(seller_sku=sku, marketplace_id=us, product_name="A well-travelled unit"))
show("created")
shipment = world("plan", sku=sku, quantity=1, fc="PHX6")["shipment"]
show("announced")
for verb in ("ship", "start_receiving"): world(verb, shipment=shipment); show(verb)
world("receive", shipment=shipment, sku=sku, quantity=1); show("receive")
transfer = world("transfer", sku=sku, quantity=1, origin="PHX6", destination="LEX1")["transfer"]; show("transfer")
world("arrive_transfer", transfer=transfer); show("arrive_transfer")
world("hold", sku=sku, quantity=1); show("hold")
world("release", sku=sku, quantity=1); show("release")
world("misplace", sku=sku, quantity=1); show("misplace")
for _ in range(2): world("advance", duration="10d"); show("ten days later")
world("find", sku=sku, quantity=1); show("find")
order = world("place_order", sku=sku, quantity=1)["order"]; show("place_order")
world("ship_order", order=order); show("ship_order")
world("return_unit", order=order, disposition="CUSTOMER_DAMAGED"); show("return_unit")
before = "CUSTOMER_DAMAGED"
for after in ("DEFECTIVE", "DISTRIBUTOR_DAMAGED", "CARRIER_DAMAGED", "WAREHOUSE_DAMAGED", "EXPIRED", "SELLABLE"):
    world("change_disposition", sku=sku, quantity=1, before=before, after=after); show(after.lower()); before = after
