-- The program's own role and database. The image of PostgreSQL runs this once, as postgres, when the volume is new:
-- https://hub.docker.com/_/postgres, "Initialization scripts". The role owns one database; it can make neither
-- databases nor roles, and can read no file of the server.
\set password `cat "$ROLE_PASSWORD_FILE"`
CREATE ROLE shirube LOGIN PASSWORD :'password';
CREATE DATABASE shirube OWNER shirube;
REVOKE ALL ON DATABASE shirube FROM PUBLIC;
