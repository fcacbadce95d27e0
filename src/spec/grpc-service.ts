// The part of Envoy's GrpcService message that names a cluster: a plugin may give the whole message where the ABI has
// an upstream's name. No logic but look-up.
// Source: Envoy's api/envoy/config/core/v3/grpc_service.proto.
import type { MessageField } from "./foreign-functions.ts";

export const grpcServiceFields = [{ number: 1, name: "envoy_grpc", type: "bytes" }] as const satisfies readonly MessageField[];

/** Of `envoy_grpc`. */
export const envoyGrpcFields = [{ number: 1, name: "cluster_name", type: "string" }] as const satisfies readonly MessageField[];
