"""The order saga's six functions as Lambda functions in Python: nothing but the standard library.

What they do, and what fails when, is told in tasks/src/lib.rs; this is the same in another language. Records are JSON files
below the folder SAGA_RECORDS, one each, so that the functions, which are processes of their own, share them.
"""
import datetime
import json
import os
import tempfile
import uuid

RECORDS = os.environ.get("SAGA_RECORDS") or os.path.join(tempfile.gettempdir(), "saga-records")
NAMESPACE = uuid.UUID("5e8ddf0a-9c3b-4d8e-9d0e-52a7c1f6b3d4")


# The names of the errors are what the saga's Catch fields know: Lambda tells an exception's class as its errorType.
class ErrProcessOrder(Exception): ...
class ErrUpdateOrderStatus(Exception): ...
class ErrProcessPayment(Exception): ...
class ErrProcessRefund(Exception): ...
class ErrReserveInventory(Exception): ...
class ErrReleaseInventory(Exception): ...


def order_new(order, _context):
    """Takes an order."""
    order = {**order, "order_status": "New"}
    put("orders", order["order_id"], order)
    provoke(ErrProcessOrder, "1", order)
    return order


def order_update(order, _context):
    """Marks an order that the saga had to undo."""
    stored = get("orders", order["order_id"])
    if stored is None:
        raise ErrUpdateOrderStatus("there is no order `%s`" % order["order_id"])
    put("orders", order["order_id"], {**stored, "order_status": "Pending"})
    provoke(ErrUpdateOrderStatus, "11", order)
    return order


def payment_debit(order, _context):
    """Takes the order's price from the customer."""
    price = sum(item["qty"] * item["unit_price"] for item in order.get("items", []))
    payment = {
        "merchant_id": "merch1",
        "payment_amount": round(float(price), 6),
        "order_id": order["order_id"],
        **transaction(order, "Debit"),
        "payment_type": "Debit",
    }
    put("payments", payment["transaction_id"], payment)
    provoke(ErrProcessPayment, "2", order)
    return {**order, "payment": payment}


def payment_credit(order, _context):
    """Gives the customer's money back: what was taken, whatever the order says by now."""
    debit = get("payments", transaction_id(order, "Debit"))
    if debit is None:
        raise ErrProcessRefund("order `%s` has no debit to refund" % order["order_id"])
    refund = {
        **debit,
        "payment_amount": 0.0 - debit["payment_amount"],
        **transaction(order, "Credit"),
        "payment_type": "Credit",
    }
    put("payments", refund["transaction_id"], refund)
    provoke(ErrProcessRefund, "22", order)
    return {**order, "payment": refund}


def inventory_reserve(order, _context):
    """Sets the order's items aside."""
    reserved = {
        "order_id": order["order_id"],
        "items": [item["item_id"] for item in order.get("items", [])],
        **transaction(order, "Reserve"),
        "transaction_type": "Reserve",
    }
    put("inventory", reserved["transaction_id"], reserved)
    provoke(ErrReserveInventory, "3", order)
    return {**order, "inventory": reserved}


def inventory_release(order, _context):
    """Puts the order's items back."""
    reserved = get("inventory", transaction_id(order, "Reserve"))
    if reserved is None:
        raise ErrReleaseInventory("order `%s` has no reservation to release" % order["order_id"])
    release = {**reserved, **transaction(order, "Release"), "transaction_type": "Release"}
    put("inventory", release["transaction_id"], release)
    provoke(ErrReleaseInventory, "33", order)
    return {**order, "inventory": release}


def provoke(error, prefix, order):
    """Fails when the order's id asks for it: after the work is stored, so that there is something to compensate."""
    order_id = order["order_id"]
    if order_id.startswith(prefix):
        raise error("order `%s` fails on purpose: its id starts with %s" % (order_id, prefix))


def transaction_id(order, kind):
    """Depends on the order and the kind alone: a function that is asked twice meets its own record."""
    return str(uuid.uuid5(NAMESPACE, "%s/%s" % (order["order_id"], kind)))


def transaction(order, kind):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    return {"transaction_id": transaction_id(order, kind), "transaction_date": now.replace("+00:00", "Z")}


def file_of(table, key):
    return os.path.join(RECORDS, table, "%s.json" % uuid.uuid5(NAMESPACE, key))


def get(table, key):
    try:
        with open(file_of(table, key), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def put(table, key, record):
    """Writes beside the record, then takes its place: nobody reads half of it."""
    path = file_of(table, key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), delete=False, encoding="utf-8") as file:
        json.dump(record, file)
    os.replace(file.name, path)
