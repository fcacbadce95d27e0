// The kinds of meshes and gateways that a plugin is configured by, in the language of envoy-api.ts: their specs as
// messages, with the names that their CRDs take. Packages begin with `mesh.`. Free parts are google.protobuf.Value.
// Sources: istio/api extensions/v1alpha1/{wasm,traffic_extension}.proto, networking/v1alpha3/envoy_filter.proto;
// envoyproxy/gateway api/v1alpha1/{wasm,envoyextensionpolicy,envoypatchpolicy}_types.go; kumahq/kuma meshproxypatch;
// solo-io/gloo options/wasm/wasm.proto and Gloo Mesh's WasmDeploymentPolicy.

export const meshApi = `\
p mesh.istio
m WasmPlugin selector:1:.Selector url:2:string,min_len=1 sha256:3:string imagePullPolicy:4:.PullPolicy imagePullSecret:5:string verificationKey:6:string pluginConfig:7:google.protobuf.Struct pluginName:8:string phase:9:.PluginPhase priority:10:google.protobuf.Int32Value vmConfig:11:.VmConfig match:12:.TrafficSelector* failStrategy:13:.FailStrategy type:14:.PluginType targetRef:15:.TargetRef targetRefs:16:.TargetRef*
m TrafficExtension selector:1:.Selector targetRefs:2:.TargetRef* phase:3:.PluginPhase priority:4:google.protobuf.Int32Value match:5:.TrafficSelector* wasm:6:.WasmConfig@extension lua:7:.LuaConfig@extension
m WasmConfig url:1:string,min_len=1 sha256:2:string imagePullPolicy:3:.PullPolicy imagePullSecret:4:string verificationKey:5:string pluginConfig:6:google.protobuf.Struct pluginName:7:string failStrategy:8:.FailStrategy vmConfig:9:.VmConfig type:10:.PluginType
m LuaConfig inlineCode:1:string
m Selector matchLabels:1:string%string
m TargetRef group:1:string kind:2:string name:3:string namespace:4:string
m TrafficSelector mode:1:.WorkloadMode ports:2:.PortSelector*
m PortSelector number:1:uint32
m VmConfig env:1:.EnvVar*
m EnvVar name:1:string valueFrom:2:.EnvValueSource value:3:string
e PullPolicy UNSPECIFIED_POLICY=0 IfNotPresent=1 Always=2
e PluginPhase UNSPECIFIED_PHASE=0 AUTHN=1 AUTHZ=2 STATS=3
e FailStrategy FAIL_CLOSE=0 FAIL_OPEN=1 FAIL_RELOAD=2
e PluginType UNSPECIFIED_PLUGIN_TYPE=0 HTTP=1 NETWORK=2
e EnvValueSource INLINE=0 HOST=1
e WorkloadMode UNDEFINED=0 CLIENT=1 SERVER=2 CLIENT_AND_SERVER=3
m EnvoyFilter workloadSelector:3:.WorkloadSelector targetRefs:6:.TargetRef* configPatches:4:.EnvoyConfigObjectPatch* priority:5:int32
m WorkloadSelector labels:1:string%string
m EnvoyConfigObjectPatch applyTo:1:.ApplyTo match:2:google.protobuf.Value patch:3:.Patch
m Patch operation:1:.Operation value:2:google.protobuf.Value filterClass:3:.FilterClass filter_class:4:.FilterClass
e ApplyTo INVALID=0 LISTENER=1 FILTER_CHAIN=2 NETWORK_FILTER=3 HTTP_FILTER=4 ROUTE_CONFIGURATION=5 VIRTUAL_HOST=6 HTTP_ROUTE=7 CLUSTER=8 EXTENSION_CONFIG=9 BOOTSTRAP=10 LISTENER_FILTER=11
e Operation INVALID=0 MERGE=1 ADD=2 REMOVE=3 INSERT_BEFORE=4 INSERT_AFTER=5 INSERT_FIRST=6 REPLACE=7 MERGE_AND_REPLACE_LIST=8
e FilterClass UNSPECIFIED=0 AUTHN=1 AUTHZ=2 STATS=3
p mesh.gateway
m EnvoyExtensionPolicy targetRef:1:google.protobuf.Value targetRefs:2:google.protobuf.Value targetSelectors:3:google.protobuf.Value mergeType:8:string wasm:4:.Wasm* extProc:5:google.protobuf.Value lua:6:google.protobuf.Value dynamicModule:7:google.protobuf.Value
m Wasm name:1:string rootID:2:string code:3:.CodeSource config:4:google.protobuf.Value failOpen:5:bool env:6:.Env
m Env hostKeys:1:string*
m CodeSource type:1:.SourceType http:2:.HttpSource image:3:.ImageSource pullPolicy:4:.PullPolicy
m HttpSource url:1:string sha256:2:string tls:3:google.protobuf.Value
m ImageSource url:1:string sha256:2:string pullSecretRef:3:google.protobuf.Value tls:4:google.protobuf.Value
e SourceType HTTP=0 Image=1 ConfigMap=2
e PullPolicy IfNotPresent=0 Always=1
m EnvoyPatchPolicy type:1:string jsonPatches:2:.JsonPatch* targetRef:3:google.protobuf.Value priority:4:int32
m JsonPatch type:1:string name:2:string operation:3:.Operation
m Operation op:1:string path:2:string jsonPath:3:string from:4:string value:5:google.protobuf.Value
p mesh.gloo
m PluginSource filters:1:.WasmFilter*
m WasmFilter image:2:string@src filePath:8:string@src config:3:google.protobuf.Value filterStage:4:.FilterStage name:5:string rootId:6:string vmType:7:.VmType failOpen:9:bool
m FilterStage stage:1:.Stage predicate:2:.Predicate
e VmType V8=0 WAVM=1
e Stage FaultStage=0 AuthNStage=1 AuthZStage=2 RateLimitStage=3 AcceptedStage=4 OutAuthStage=5 RouteStage=6
e Predicate During=0 Before=1 After=2
`;

/** Kinds that bring a plugin into a proxy, as an API server has them: with their group, their plural, what versions are served. */
export const pluginKinds = [
  { group: "extensions.istio.io", kind: "WasmPlugin", resource: "wasmplugins", versions: ["v1alpha1"] },
  { group: "extensions.istio.io", kind: "TrafficExtension", resource: "trafficextensions", versions: ["v1alpha1"] },
  { group: "networking.istio.io", kind: "EnvoyFilter", resource: "envoyfilters", versions: ["v1alpha3"] },
  { group: "gateway.envoyproxy.io", kind: "EnvoyExtensionPolicy", resource: "envoyextensionpolicies", versions: ["v1alpha1"] },
  { group: "gateway.envoyproxy.io", kind: "EnvoyPatchPolicy", resource: "envoypatchpolicies", versions: ["v1alpha1"] },
  { group: "kuma.io", kind: "MeshProxyPatch", resource: "meshproxypatches", versions: ["v1alpha1"] },
] as const;

/** Kinds that Kuma removed, with the release that did; deprecated before it. */
export const removedKinds = [{ kind: "ProxyTemplate", since: "3.0", instead: "MeshProxyPatch" }] as const;

/** Kuma's releases; from 2.6, the oldest that the article names. The tags of its repository, and the upgrade notes of 3.0. */
export const kumaReleases = ["2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14", "3.0"] as const;

/** First release of a control plane that has a field or value of a kind; older ones drop or refuse it. */
export const meshSince = [
  { kind: "WasmPlugin", path: "failStrategy", value: "FAIL_OPEN", since: "1.19" },
  { kind: "WasmPlugin", path: "failStrategy", value: "FAIL_RELOAD", since: "1.27" },
  { kind: "TrafficExtension", path: "", value: "", since: "1.30" },
] as const;

/** Which Envoy an Istio release ships; from 1.22, the oldest that the article names. Inferred from release notes, not read. */
export const istioReleases = [
  { release: "1.22", envoy: "1.30" },
  { release: "1.23", envoy: "1.31" },
  { release: "1.24", envoy: "1.32" },
  { release: "1.25", envoy: "1.33" },
  { release: "1.26", envoy: "1.34" },
  { release: "1.27", envoy: "1.35" },
  { release: "1.28", envoy: "1.36" },
  { release: "1.29", envoy: "1.37" },
  { release: "1.30", envoy: "1.38" },
] as const;

/** First Istio release that tells Envoy of failures by failure_policy, so that the request that traps gets 503. */
export const istioFailurePolicySince = "1.25";
