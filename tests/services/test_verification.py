"""`verify` is silent about sound books, also while a server is at work, and names whatever is wrong with others."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.services.verification import Report, examine, verify
from entrepot.storage.database import Database
from entrepot.storage.verification import CHECKS, SHOWN_MAX
from tests.cast import CA, START, Player, new_player

DAY = timedelta(days=1)


@pytest_asyncio.fixture(scope="module")
async def veteran(database: Database) -> Player:
    """A seller with something in every table and in every account."""
    player = await new_player(database)
    asin = await player.answer(c.CreateItem("A", "Thing"), "asin")
    await player.offer("B", asin=asin)
    await player.offer("C", "D")
    await player.offer("A", marketplace=CA)
    await player.do(c.SetPolicy(sell_in_transfer=True))
    await player.do(c.AddStock("A", 100, expires=START + 2 * DAY), "key-1")
    await player.do(c.AddStock(lines=(c.StockLine("C", 50), c.StockLine("A", 30, CA))), "key-2")
    await ship_in(player)
    await sell(player)
    await player.do(c.StartTransfer("C", 10, "PHX6", "JFK8"))
    await player.do(c.Lose("C", 34))
    await player.do(c.PlaceOrder("C", 4))
    await player.do(c.Misplace("A", 3))
    await player.do(c.Damage("A", 2, suspected=True))
    await player.do(c.RequestRemoval("A", 6), "key-3")
    removal = await player.answer(c.RequestRemoval("A", 5, method="DESTROY"), "removal")
    await player.do(c.Dispose(removal, 2))
    await player.do(c.CloseItem("B"))
    await player.advance(3 * DAY)
    await player.do(c.Reimburse("C", 2))
    await ship_in(player)
    await sell_oneself(player)
    return player


async def ship_in(player: Player) -> None:
    """Shipments in all three accounts of what is inbound, and one that came short."""
    await player.do(c.Plan("C", 5))
    shipped = await player.answer(c.Plan("A", 6), "shipment")
    await player.do(c.Ship(shipped, START + 5 * DAY))
    receiving = await player.answer(c.Plan("D", 7), "shipment")
    await player.do(c.Ship(receiving))
    await player.do(c.Receive(receiving, "D", 4))
    short = await player.answer(c.Plan("D", 8), "shipment")
    await player.do(c.Ship(short))
    await player.do(c.Receive(short, "D", 3, "CARRIER_DAMAGED"))
    await player.do(c.CloseShipment(short))


async def sell(player: Player) -> None:
    order = await player.answer(c.PlaceOrder("A", 9), "order")
    await player.do(c.ShipOrder(order, quantity=6))
    await player.do(c.ReturnUnit(order, quantity=2))
    await player.do(c.LoseDelivery(order, quantity=1))
    await player.do(c.CancelOrder(await player.answer(c.PlaceOrder("A", 1), "order")))


async def sell_oneself(player: Player) -> None:
    """Orders in every state that the seller ships himself, from DEFAULT and from a location."""
    address = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
    source = await player.answer(c.CreateSource("S1", "Store", address), "source")
    await player.do(c.SourceStatus(source, "Active"))
    await player.do(c.SetQuantity("C", 9))
    await player.do(c.SetQuantity("D", 9, source))
    await player.do(c.PlaceOrder("C", 1, channel="MFN"))
    for sku, quantity in (("C", 2), ("D", 3)):
        line = c.OrderLine(sku, quantity, "12.50")
        order = await player.answer(c.PlaceOrder(lines=(line,), channel="MFN"), "order")
        await player.do(c.VerifyPayment(order))
        await player.do(c.ConfirmShipment(order, quantity=2, source=source))
        await player.do(c.RestockReturn(order, quantity=1))
        [item] = await player.fetch(
            "select order_item_id from order_items where seller_id = $1 and order_id = $2", order
        )
        await player.do(c.Refund(item[0], "12.50"))
    await player.do(c.CancelOrder(order, reason="NoInventory"))
    order = await player.answer(c.PlaceOrder("D", 1, channel="MFN"), "order")
    await player.do(c.VerifyPayment(order))


async def test_the_books_of_a_seller_who_lived_through_everything_are_clean(veteran: Player) -> None:
    report = await verify(veteran.database, seller_id=veteran.id)

    assert report.clean, [str(difference) for check in report.checks for difference in check.differences]
    assert [check.name for check in report.checks if not check.checked] == []


async def test_every_check_says_which_invariants_it_covers(veteran: Player) -> None:
    report = await verify(veteran.database, seller_id=veteran.id)

    covered = {number for check in report.checks for number in check.invariants}
    assert covered == {1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 30, 33, 34, 35, 36, 37, 39}


async def test_all_sellers_are_checked_and_progress_is_told(veteran: Player) -> None:
    told: list[tuple[int, int]] = []

    report = await verify(veteran.database, lambda done, of: told.append((done, of)))

    one = await verify(veteran.database, seller_id=veteran.id)
    assert report.clean, [str(difference) for check in report.checks for difference in check.differences]
    assert told == [(n + 1, len(CHECKS)) for n in range(len(CHECKS))]
    assert all(every.checked >= own.checked for every, own in zip(report.checks, one.checks, strict=True))


async def test_a_report_can_be_written_as_json(veteran: Player) -> None:
    report = await corrupted(veteran, "update balances set quantity = quantity + 1 where seller_id = $1")

    decoded = msgspec.json.decode(msgspec.json.encode(report))

    assert decoded["clean"] is False
    assert msgspec.convert(decoded, Report).checks[9].differences == report.checks[9].differences


async def test_books_are_checked_while_others_write(veteran: Player) -> None:
    player = await new_player(veteran.database, rate=1)
    await player.offer("A")
    await player.do(c.AddStock("A", 1000))

    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await asyncio.gather(*[player.do(c.AddStock("A", 1)) for _ in range(3)], player.do(c.Misplace("A", 1)))

    writer = asyncio.create_task(write())
    reports: list[Report] = []
    while len({report.checks[0].checked for report in reports}) < 4:
        reports.append(await verify(player.database, seller_id=player.id))
    stop.set()
    await writer

    assert all(report.clean for report in reports)


# What is done to sound books, and the check that must notice; the journal's own guard is put to sleep for it.
CORRUPTIONS = {
    "The moves of every entry are numbered without gaps": [
        "update moves set move = move + 1 where seller_id = $1 and seq = 6",
    ],
    "Every move is one that its event allows": [
        "update entries set event = 'F53' where seller_id = $1 and event = 'F90'",
        "update entries set event = 'F99' where seller_id = $1 and event = 'F90'",
        "update entries set event = 'C01' where seller_id = $1 and event = 'F90'",
    ],
    "Only events that move nothing have entries without moves": [
        "update entries set event = 'F90' where seller_id = $1 and event = 'C01'",
        "delete from moves where seller_id = $1 and seq = 6",
    ],
    "Every move belongs to an entry": [
        "update moves set seq = 1000000 where seller_id = $1 and seq = 6",
        "delete from entries where seller_id = $1 and seq = 6",
    ],
    "Every line names a balance that the chart of accounts knows": [
        "update moves set to_disposition = 'EXPIRED' where seller_id = $1 and to_account = 'FC_AVAIL'",
        "update moves set account = 'FC_ELSEWHERE' where seller_id = $1 and account = 'FC_AVAIL'",
        "update moves set place = 'PHX6' where seller_id = $1 and account = 'X_SUPPLIER'",
        "update moves set to_place = '' where seller_id = $1 and to_account = 'FC_AVAIL'",
        "update moves set detail = 'HOLD' where seller_id = $1 and account = 'FC_AVAIL'",
        "update moves set to_ref = 'R' where seller_id = $1 and to_account = 'FC_RESEARCH'",
        "update moves set to_at = now() where seller_id = $1 and to_account = 'FC_ORDER'",
    ],
    "Every line's country is that of its place": [
        "update moves set country = 'CA' where seller_id = $1 and place = 'PHX6'",
        "update moves set country = 'US' where seller_id = $1 and place = ''",
        "update moves set to_place = 'ZZZ1' where seller_id = $1 and to_place = 'PHX6'",
        "update moves set to_country = 'US' where seller_id = $1 and to_account = 'M_AVAIL'",
    ],
    "No stock is negative, and nothing outside that may not owe": [
        "update balances set quantity = -1 where seller_id = $1 and account = 'FC_AVAIL'",
        "update balances set quantity = -1 where seller_id = $1 and account = 'X_LOST'",
    ],
    "Balances are the sums of the lines": [
        "update balances set quantity = quantity + 1 where seller_id = $1 and account = 'FC_ORDER'",
        "delete from balances where seller_id = $1 and account = 'FC_ORDER'",
        "update balances set ref = 'another' where seller_id = $1 and account = 'X_AMAZON'",
        "delete from moves where seller_id = $1 and seq = 6",
        "insert into balances (seller_id, item, account, place, disposition, detail, ref, at, quantity)"
        " values ($1, 'A', 'X_SELLER', '', '', 'COUNT', '', '-infinity', 5)",
    ],
    "Positions are the sums of the lines by country, item and state": [
        "update positions set available = available + 1 where seller_id = $1",
        "delete from positions where seller_id = $1",
        "update positions set country = 'MX' where seller_id = $1 and country = 'CA'",
    ],
    "The marks of positions name the last entries that changed them": [
        "update positions set stock_seq = stock_seq - 1 where seller_id = $1",
        "update positions set any_seq = any_seq + 1 where seller_id = $1",
        "update positions set any_at = any_at + interval '1 second' where seller_id = $1",
        "insert into positions (seller_id, country, item, stock_seq, any_seq, any_at)"
        " values ($1, 'MX', 'X', 1, 1, now())",
    ],
    "Every journal is numbered without gaps, up to its ledger's last number": [
        "update ledgers set last_seq = last_seq + 1 where seller_id = $1",
        "delete from entries where seller_id = $1 and seq = 6",
        "delete from entries where seller_id = $1 and seq = 1",
        "update entries set seq = 0 where seller_id = $1 and seq = 1",
        "delete from ledgers where seller_id = $1",
    ],
    "World time never goes back along a journal": [
        "update entries set effective_at = effective_at - interval '9 days' where seller_id = $1 and seq = 10",
        "update ledgers set last_at = last_at + interval '1 second' where seller_id = $1",
    ],
    "Every idempotency key posted once what its answer says": [
        "update entries set idempotency_key = 'key-1' where seller_id = $1 and seq = 1",
        "update entries set idempotency_key = null where seller_id = $1 and idempotency_key = 'key-1'",
        "update entries set idempotency_key = 'key-4' where seller_id = $1 and seq = 1",
        "delete from commands where seller_id = $1 and idempotency_key = 'key-1'",
        "update commands set answer = replace(answer, '\"seq\":', '\"seq\":1') where seller_id = $1",
    ],
    "Units with a customer are those shipped and neither returned nor lost": [
        "update order_items set returned = returned + 1 where seller_id = $1 and shipped > 0",
        "delete from order_items where seller_id = $1",
    ],
    "Reserved units are those ordered and neither cancelled nor shipped": [
        "update order_items set ordered = ordered + 1 where seller_id = $1",
        "update order_items set fnsku = 'X' where seller_id = $1",
        "update orders set paid_at = now() where seller_id = $1 and status = 'Pending'",
    ],
    "An order's status follows from its items and its payment": [
        "update orders set status = 'Shipped' where seller_id = $1",
        "update orders set status = 'Canceled' where seller_id = $1 and status = 'PartiallyShipped'",
        "delete from order_items where seller_id = $1",
        "update orders set paid_at = null where seller_id = $1 and channel = 'MFN' and status = 'Unshipped'",
        "update orders set status = 'Unshipped' where seller_id = $1 and status = 'Pending'",
    ],
    "What is routed was ordered, and what is in packages was shipped": [
        "update order_items set routes = '[]' where seller_id = $1",
        "update order_items set packages = packages || packages where seller_id = $1",
    ],
    "No more is refunded than was paid": [
        "update order_items set refunded = price * ordered + 1 where seller_id = $1 and price > 0",
        "update order_items set refunded = -1 where seller_id = $1",
        "update orders set paid_at = null where seller_id = $1",
    ],
    "What the seller has himself is at DEFAULT or at one of his locations": [
        "delete from sources where seller_id = $1",
        "update moves set to_place = 'PHX6' where seller_id = $1 and to_account = 'M_AVAIL'",
    ],
    "Units in transfer are those sent and neither arrived, lost nor sold": [
        "update transfers set arrived = arrived + 1 where seller_id = $1",
        "update transfers set destination = 'YYZ4' where seller_id = $1",
    ],
    "Units sold in transfer are reserved for orders": [
        "update transfers set sold = sold + 1, sent = sent + 1 where seller_id = $1",
    ],
    "Units bound to a removal are those requested and not yet gone": [
        "update removals set requested = requested + 1 where seller_id = $1",
        "update removals set disposition = 'EXPIRED' where seller_id = $1",
        "update removals set shipped = 1, requested = requested + 1 where seller_id = $1 and method = 'RETURN'",
        "delete from removals where seller_id = $1",
    ],
    "Inbound units are those announced and not yet come, in the one account of the shipment's status": [
        "update shipment_items set received = received + 1 where seller_id = $1",
        "update shipments set status = 'RECEIVING' where seller_id = $1 and status = 'SHIPPED'",
        "update shipments set status = 'CLOSED' where seller_id = $1 and status = 'RECEIVING'",
        "update shipments set destination = 'YYZ4' where seller_id = $1",
        "delete from shipment_items where seller_id = $1",
    ],
    "No paper counts more in its parts than in the whole": [
        "update order_items set cancelled = -1 where seller_id = $1",
        "update order_items set returned = shipped + 1 where seller_id = $1",
        "update transfers set arrived = 11 where seller_id = $1",
        "update removals set disposed = 7 where seller_id = $1",
        "update shipment_items set lost = announced + 1 where seller_id = $1",
    ],
    "Every offer was opened and closed by entries of its own": [
        "update offers set created_seq = 7 where seller_id = $1 and created_seq = 1",
        "update offers set closed_seq = null where seller_id = $1",
        "update entries set event = 'F05' where seller_id = $1 and event = 'C02'",
    ],
    "What time must end has a timer": [
        "delete from timers where seller_id = $1 and kind = 'age_research'",
        "delete from timers where seller_id = $1 and (arguments ->> 'give_up')::boolean",
        "delete from timers where seller_id = $1 and kind = 'finish_putaway'",
        "delete from timers where seller_id = $1 and kind = 'end_pending'",
    ],
    "Every number is the same over balances and over positions": [
        "update positions set defective = defective + 1 where seller_id = $1",
        "update balances set quantity = quantity + 1 where seller_id = $1 and account = 'IN_SHIPPED'",
    ],
    "Totals are the sums of their parts": [
        "update balances set at = '-infinity' where seller_id = $1 and account = 'FC_RESEARCH'",
    ],
    "Every row belongs to a seller with a ledger": [
        "delete from sellers where seller_id = $1",
        "delete from ledgers where seller_id = $1",
    ],
    "Every item in the ledger is named by a SKU of the same seller": [
        "delete from skus where seller_id = $1 and sku = 'C'",
        "update positions set item = 'X' || item where seller_id = $1",
        "update moves set item = 'nobody' where seller_id = $1 and to_account = 'M_AVAIL'",
        "update skus set sku = sku || '-' where seller_id = $1",
    ],
    "Every paper names a SKU of its seller, and that SKU's item": [
        "update offers set sku = 'nobody' where seller_id = $1 and sku = 'D'",
        "update removals set sku = 'C' where seller_id = $1",
        "update order_items set sku = 'nobody' where seller_id = $1",
        "update transfers set fnsku = 'X' where seller_id = $1",
        "update shipment_items set sku = 'nobody' where seller_id = $1",
        "update listings set sku = 'nobody' where seller_id = $1 and sku = 'D'",
    ],
}


class _Undo(Exception):
    """Ends a transaction whose damage nobody shall see."""


async def corrupted(player: Player, statement: str) -> Report:
    """What `verify` would say after a statement that is then undone."""
    report = None
    try:
        async with player.database.write() as connection:
            try:
                await connection.execute("set local session_replication_role = replica")
            except asyncpg.InsufficientPrivilegeError:
                pytest.skip("this database's user may not put triggers to sleep")
            if "-1" in statement:
                await connection.execute("alter table balances drop constraint balances_never_negative")
            done = await connection.execute(statement, player.id)
            assert not done.endswith(" 0"), "nothing was corrupted"
            report = await examine(connection, seller_id=player.id)
            raise _Undo
    except _Undo:
        assert report is not None
        return report


@pytest.mark.parametrize(
    ("check", "statement"), [(check, statement) for check, several in CORRUPTIONS.items() for statement in several]
)
async def test_what_is_wrong_is_found_by_its_check(veteran: Player, check: str, statement: str) -> None:
    report = await corrupted(veteran, statement)

    [found] = [finding for finding in report.checks if finding.name == check]
    assert found.differing > 0
    assert {difference.seller_id for difference in found.differences} == {veteran.id}
    assert not report.clean


def test_every_check_is_put_to_the_test() -> None:
    assert set(CORRUPTIONS) == {check.name for check in CHECKS}


async def test_the_first_differences_are_shown_and_all_are_counted(database: Database) -> None:
    player = await new_player(database)
    skus = [f"SKU-{n}" for n in range(30)]
    await player.offer(*skus)
    await asyncio.gather(*[player.do(c.AddStock(sku, 2)) for sku in skus])

    report = await corrupted(player, "update balances set quantity = 7 where seller_id = $1 and account = 'FC_AVAIL'")

    [found] = [check for check in report.checks if check.name == "Balances are the sums of the lines"]
    assert (found.differing, len(found.differences)) == (30, SHOWN_MAX)
    assert (found.differences[0].expected, found.differences[0].found) == ("2", "7")
    assert "PHX6" in found.differences[0].subject


async def test_a_check_of_one_seller_says_nothing_about_another(veteran: Player) -> None:
    other = await new_player(veteran.database)
    report = None
    try:
        async with veteran.database.write() as connection:
            await connection.execute("update balances set quantity = 0 where seller_id = $1", veteran.id)
            report = await examine(connection, seller_id=other.id)
            everybody = await examine(connection)
            raise _Undo
    except _Undo:
        pass

    assert report is not None
    assert report.clean
    assert not everybody.clean
