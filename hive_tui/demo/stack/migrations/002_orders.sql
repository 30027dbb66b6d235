CREATE TABLE orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket text NOT NULL UNIQUE,
    product integer NOT NULL REFERENCES products,
    quantity integer NOT NULL CHECK (quantity > 0)
);
