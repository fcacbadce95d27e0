// The filter of one plugin in a configuration of a bench: from a file, with a VM of its own.
const TYPE = "type.googleapis.com/";

export interface FilterPlugin {
  readonly name: string;
  readonly file: string;
  readonly configuration: string;
  /** Fields beside the plugin's own, e.g. `failure_policy`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** The HTTP filter of a plugin. */
export function wasmFilter({ name, file, configuration, more }: FilterPlugin): object {
  const config = {
    name,
    root_id: name,
    vm_config: {
      vm_id: name,
      runtime: "envoy.wasm.runtime.v8",
      code: { local: { filename: file } },
    },
    configuration: { "@type": `${TYPE}google.protobuf.StringValue`, value: configuration },
    ...more,
  };
  return {
    name: "envoy.filters.http.wasm",
    typed_config: { "@type": `${TYPE}envoy.extensions.filters.http.wasm.v3.Wasm`, config },
  };
}
