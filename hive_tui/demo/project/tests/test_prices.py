"""What an order costs."""

from __future__ import annotations

import unittest

from shop import prices


class Prices(unittest.TestCase):
    """Whole cents, and nobody pays too little."""

    def test_one_piece_costs_its_price(self) -> None:
        self.assertEqual(prices.total(850, 1), 850)

    def test_nine_pieces_cost_nine_times_as_much(self) -> None:
        self.assertEqual(prices.total(620, 9), 5580)

    def test_ten_pieces_are_ten_per_cent_cheaper(self) -> None:
        self.assertEqual(prices.total(850, 10), 7650)

    def test_half_a_cent_goes_up(self) -> None:
        self.assertEqual(prices.total(333, 15), 4496)

    def test_cents_always_have_two_digits(self) -> None:
        self.assertEqual(prices.text(1205), "€ 12.05")
