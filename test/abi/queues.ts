// Shared queues: registered, found, filled, emptied, and announced.
import { call, load } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import { show } from "./play.ts";

const data = [
  [0, "queue"],
  [8, "item"],
  [16, "other"],
  [24, "plugin guest"],
  [40, "nobody"],
] as const;
const H = "proxy_on_request_headers" as const;
const register = call("proxy_register_shared_queue", 0, 5, 100);
const put = call("proxy_enqueue_shared_queue", 1, 8, 4);
const take = call("proxy_dequeue_shared_queue", 1, 104, 108);

export const queues: Subject = {
  name: "queues",
  cells: [
    ...of(
      "proxy_register_shared_queue",
      H,
      { data },
      [
        "right",
        "gives an id, the same for the same name",
        [register, load(100), register, load(100)],
        [0, 1, 0, 1],
      ],
      [
        "misuse",
        "bad addresses",
        [
          call("proxy_register_shared_queue", FAR, 5, 100),
          call("proxy_register_shared_queue", 0, 5, FAR),
        ],
        [6, 6],
      ],
      [
        "edge",
        "an empty name is a name, one that is too long is not",
        [
          call("proxy_register_shared_queue", 0, 0, 100),
          call("proxy_register_shared_queue", 0, 1025, 100),
        ],
        [0, 2],
      ],
    ),
    ...of(
      "proxy_resolve_shared_queue",
      H,
      { data },
      [
        "right",
        "finds a queue of its own VM, and of one by its id",
        [
          register,
          call("proxy_resolve_shared_queue", 0, 0, 0, 5, 100),
          call("proxy_resolve_shared_queue", 24, 12, 0, 5, 100),
          load(100),
        ],
        [0, 0, 0, 1],
      ],
      [
        "misuse",
        "no such queue or VM, bad addresses",
        [
          register,
          call("proxy_resolve_shared_queue", 0, 0, 16, 5, 100),
          call("proxy_resolve_shared_queue", 40, 6, 0, 5, 100),
          call("proxy_resolve_shared_queue", FAR, 6, 0, 5, 100),
          call("proxy_resolve_shared_queue", 0, 0, 0, 5, FAR),
        ],
        [0, 1, 1, 6, 6],
      ],
      [
        "edge",
        "is there while the plugin configures",
        [call("proxy_resolve_shared_queue", 0, 0, 0, 5, 100)],
        [1],
        { phase: "proxy_on_configure" },
      ],
    ),
    ...of(
      "proxy_enqueue_shared_queue",
      H,
      { data },
      [
        "right",
        "first in, first out",
        [
          register,
          put,
          call("proxy_enqueue_shared_queue", 1, 0, 5),
          take,
          show(104, 108),
          take,
          show(104, 108),
        ],
        [0, 0, 0, 0, "item", 0, "queue"],
      ],
      [
        "misuse",
        "no such queue, bad addresses",
        [
          call("proxy_enqueue_shared_queue", 9, 8, 4),
          register,
          call("proxy_enqueue_shared_queue", 1, FAR, 4),
          call("proxy_enqueue_shared_queue", 1, 8, -1),
        ],
        [1, 0, 6, 6],
      ],
      [
        "edge",
        "an empty item is an item, id 0 is none",
        [
          register,
          call("proxy_enqueue_shared_queue", 1, 0, 0),
          take,
          load(108),
          call("proxy_enqueue_shared_queue", 0, 0, 0),
        ],
        [0, 0, 0, 0, 1],
      ],
    ),
    ...of(
      "proxy_dequeue_shared_queue",
      "proxy_on_queue_ready",
      { data },
      [
        "right",
        "takes what was announced",
        ["(call $note (local.get 1))", take, show(104, 108)],
        [1, 0, "q"],
      ],
      [
        "misuse",
        "no such queue; with a bad address the item stays",
        [
          call("proxy_dequeue_shared_queue", 9, 104, 108),
          call("proxy_dequeue_shared_queue", 1, FAR, 108),
          call("proxy_dequeue_shared_queue", 1, 104, FAR),
          take,
        ],
        [1, 6, 6, 0],
      ],
      ["edge", "an empty queue is EMPTY", [take, take], [0, 7]],
    ),
  ],
};
