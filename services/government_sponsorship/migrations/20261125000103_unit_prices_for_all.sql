-- migrate:up

-- Expand. Unit prices are announced to everyone.
SET LOCAL lock_timeout = '2s';
CREATE POLICY announced ON event FOR SELECT USING (starts_with(stream, 'unit_prices/'));
