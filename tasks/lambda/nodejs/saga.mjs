// The order saga's six functions as Lambda functions in JavaScript: nothing but Node.js.
//
// What they do, and what fails when, is told in tasks/src/lib.rs; this is the same in another language. Records are JSON
// files below the folder SAGA_RECORDS, one each, so that the functions, which are processes of their own, share them.
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const RECORDS = process.env.SAGA_RECORDS || join(tmpdir(), "saga-records");
const NAMESPACE = Buffer.from("5e8ddf0a9c3b4d8e9d0e52a7c1f6b3d4", "hex");

/** Takes an order. */
export const order_new = async (input) => {
  const order = { ...input, order_status: "New" };
  put("orders", order.order_id, order);
  provoke("ErrProcessOrder", "1", order);
  return order;
};

/** Marks an order that the saga had to undo. */
export const order_update = async (order) => {
  const stored = get("orders", order.order_id);
  if (!stored) fail("ErrUpdateOrderStatus", `there is no order \`${order.order_id}\``);
  put("orders", order.order_id, { ...stored, order_status: "Pending" });
  provoke("ErrUpdateOrderStatus", "11", order);
  return order;
};

/** Takes the order's price from the customer. */
export const payment_debit = async (order) => {
  const price = (order.items ?? []).reduce((sum, item) => sum + item.qty * item.unit_price, 0);
  const payment = {
    merchant_id: "merch1",
    payment_amount: Number(price.toFixed(6)),
    order_id: order.order_id,
    ...transaction(order, "Debit"),
    payment_type: "Debit",
  };
  put("payments", payment.transaction_id, payment);
  provoke("ErrProcessPayment", "2", order);
  return { ...order, payment };
};

/** Gives the customer's money back: what was taken, whatever the order says by now. */
export const payment_credit = async (order) => {
  const debit = get("payments", transactionId(order, "Debit"));
  if (!debit) fail("ErrProcessRefund", `order \`${order.order_id}\` has no debit to refund`);
  const refund = {
    ...debit,
    payment_amount: 0 - debit.payment_amount,
    ...transaction(order, "Credit"),
    payment_type: "Credit",
  };
  put("payments", refund.transaction_id, refund);
  provoke("ErrProcessRefund", "22", order);
  return { ...order, payment: refund };
};

/** Sets the order's items aside. */
export const inventory_reserve = async (order) => {
  const reserved = {
    order_id: order.order_id,
    items: (order.items ?? []).map((item) => item.item_id),
    ...transaction(order, "Reserve"),
    transaction_type: "Reserve",
  };
  put("inventory", reserved.transaction_id, reserved);
  provoke("ErrReserveInventory", "3", order);
  return { ...order, inventory: reserved };
};

/** Puts the order's items back. */
export const inventory_release = async (order) => {
  const reserved = get("inventory", transactionId(order, "Reserve"));
  if (!reserved) fail("ErrReleaseInventory", `order \`${order.order_id}\` has no reservation to release`);
  const release = { ...reserved, ...transaction(order, "Release"), transaction_type: "Release" };
  put("inventory", release.transaction_id, release);
  provoke("ErrReleaseInventory", "33", order);
  return { ...order, inventory: release };
};

// The name of an error is what the saga's Catch fields know: Lambda tells it as the errorType.
function fail(name, message) {
  throw Object.assign(new Error(message), { name });
}

// Fails when the order's id asks for it: after the work is stored, so that there is something to compensate.
function provoke(name, prefix, { order_id: id }) {
  if (id.startsWith(prefix)) fail(name, `order \`${id}\` fails on purpose: its id starts with ${prefix}`);
}

// Depends on the order and the kind alone: a function that is asked twice meets its own record.
function transactionId(order, kind) {
  return uuid5(`${order.order_id}/${kind}`);
}

function transaction(order, kind) {
  return { transaction_id: transactionId(order, kind), transaction_date: new Date().toISOString() };
}

function uuid5(name) {
  const hash = createHash("sha1").update(NAMESPACE).update(name).digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const fileOf = (table, key) => join(RECORDS, table, `${uuid5(key)}.json`);

function get(table, key) {
  try {
    return JSON.parse(readFileSync(fileOf(table, key), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

// Writes beside the record, then takes its place: nobody reads half of it.
function put(table, key, record) {
  const path = fileOf(table, key);
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(record));
  renameSync(draft, path);
}
