#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""views.py FILE: adds up the views of usage of an SQLite store, as a reader without the program would, in two ways: SQLite sums the limbs, and
the decimal text is summed here. Prints "view project meter device unit quantity covered" per sum. Exits 1 where the two ways differ."""
import decimal
import sqlite3
import sys

decimal.getcontext().prec = 200
KEY = 'project, meter, device, unit'
LIMBS = ', '.join('sum (limb%d)' % i for i in range(5))


def texts(db, view):
    sums = {}
    for *key, quantity, approx, covered in db.execute('SELECT %s, quantity, quantity_approx, covered_seconds FROM %s' % (KEY, view)):
        exact = decimal.Decimal(quantity)
        if abs(exact - decimal.Decimal(approx)) > abs(exact) * decimal.Decimal('1e-14'):
            sys.exit('%s: %s is not about %s' % (view, approx, quantity))
        one = sums.setdefault(tuple(key), [decimal.Decimal(0), decimal.Decimal(0)])
        one[0] += exact
        one[1] += decimal.Decimal(covered)
    return sums


def limbs(db, view):
    for row in db.execute('SELECT %s, scale, %s FROM %s GROUP BY %s, scale' % (KEY, LIMBS, view, KEY)):
        number = sum(limb * 10 ** (9 * i) for i, limb in enumerate(row[5:]))
        yield tuple(row[:4]), decimal.Decimal(number).scaleb(-row[4])


def plain(number):
    text = '{:f}'.format(number)
    return text.rstrip('0').rstrip('.') if '.' in text else text


def main(path):
    db = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
    for view in 'usage_hourly', 'usage_daily', 'usage_monthly':
        sums = texts(db, view)
        for key, exact in limbs(db, view):
            if sums[key][0] != exact:
                sys.exit('%s: %s: %s by text, %s by limbs' % (view, key, sums[key][0], exact))
        for key in sorted(sums):
            print(view, *key, *map(plain, sums[key]))


main(sys.argv[1])
