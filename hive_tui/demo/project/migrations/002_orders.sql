CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    shipped INTEGER NOT NULL DEFAULT 0
);
