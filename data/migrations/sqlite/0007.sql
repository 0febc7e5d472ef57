-- SPDX-License-Identifier: Apache-2.0
-- The name that somebody has given an adjustment, so that what is asked for twice is counted once.
ALTER TABLE adjustment ADD COLUMN key TEXT CHECK (key <> '');

CREATE UNIQUE INDEX adjustment_key ON adjustment (key) WHERE key IS NOT NULL;
