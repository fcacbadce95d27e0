// Listening sockets, bound once by the control thread and accepted from by every worker. The invariants: a handle
// here never accepts; it lives until the process ends, since each thread that closed it would close the same file
// descriptor's number. What a worker gets is a number.
import { statSync, unlinkSync } from "node:fs";
import * as net from "node:net";
import { createConnection, createServer, isIP } from "node:net";
import { constants } from "node:os";
