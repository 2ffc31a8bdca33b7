-- Who may open the database, run once as its master: psql -v password=… -f roles.sql. The program has two users that take
-- turns as their passwords change (rotation.yaml); whatever either makes belongs to one owner, who cannot log in.
\set ON_ERROR_STOP on
BEGIN;
-- Backups are proven in a database beside, which they make and drop.
CREATE ROLE comporta NOLOGIN CREATEDB;
-- To give something away, one must be a member of who receives it.
GRANT comporta TO CURRENT_USER;
CREATE ROLE comporta_program LOGIN PASSWORD :'password' IN ROLE comporta;
CREATE ROLE comporta_program_clone LOGIN IN ROLE comporta;
ALTER ROLE comporta_program SET role = 'comporta';
ALTER ROLE comporta_program_clone SET role = 'comporta';
ALTER DATABASE comporta OWNER TO comporta;
REVOKE ALL ON DATABASE comporta FROM PUBLIC;
GRANT CONNECT ON DATABASE comporta TO comporta_program, comporta_program_clone;
COMMIT;
