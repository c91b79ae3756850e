/** A property of a type, as its documentation has it. */
export interface PropertyDoc {
  name: string;
  /** For example `string[]`. */
  type: string;
  isOptional: boolean;
  doc: string;
}

/** What `deno doc --json` says of a type; only what is used here. */
interface TsType {
  kind: string;
  repr?: string;
  value?: unknown;
}

interface JsDoc {
  doc?: string;
}

interface PropertyNode {
  name: string;
  optional?: boolean;
  jsDoc?: JsDoc;
  tsType: TsType;
}

interface Declaration {
  jsDoc?: JsDoc;
  def: { properties?: PropertyNode[]; tsType?: TsType };
}

/** The exported types of some modules, as `deno doc` finds them. */
export class TypeDocs {
  #declarations: ReadonlyMap<string, Declaration>;

  constructor(declarations: ReadonlyMap<string, Declaration>) {
    this.#declarations = declarations;
  }

  /** What is written over a type. */
  docOf(name: string): string {
    return this.#declarations.get(name)!.jsDoc?.doc ?? "";
  }

  /** The properties of an interface. */
  propertiesOf(name: string): PropertyDoc[] {
    return this.#declarations.get(name)!.def.properties!.map(propertyDoc);
  }

  /** The members of a union of object types, each with all its properties. */
  membersOf(name: string): PropertyDoc[][] {
    const members = this.#declarations.get(name)!.def.tsType!.value as TsType[];
    return members.map((member) => this.#flatten(member));
  }

  #flatten({ kind, repr, value }: TsType): PropertyDoc[] {
    if (kind === "typeRef") return this.propertiesOf(repr!);
    if (kind === "intersection") return (value as TsType[]).flatMap((part) => this.#flatten(part));
    return (value as { properties: PropertyNode[] }).properties.map(propertyDoc);
  }
}

/** Reads what the modules at these paths export. */
export async function readTypeDocs(...paths: readonly string[]): Promise<TypeDocs> {
  const project = new URL("../../", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...paths.map((path) => new URL(path, project).href)],
    stderr: "inherit",
  }).output();
  const { nodes }: { nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }> } =
    JSON
      .parse(new TextDecoder().decode(stdout));
  const symbols = Object.values(nodes).flatMap(({ symbols }) => symbols);
  return new TypeDocs(new Map(symbols.map(({ name, declarations }) => [name, declarations[0]!])));
}

function propertyDoc({ name, optional = false, jsDoc, tsType }: PropertyNode): PropertyDoc {
  return { name, type: typeText(tsType), isOptional: optional, doc: jsDoc?.doc ?? "" };
}

function typeText({ kind, repr, value }: TsType): string {
  switch (kind) {
    case "literal":
      return typeof (value as { string?: string }).string === "string" ? `"${repr}"` : repr!;
    case "array":
      return `${typeText(value as TsType)}[]`;
    case "typeOperator":
      return typeText((value as { tsType: TsType }).tsType);
    case "union":
      return (value as TsType[]).map(typeText).join(" | ");
    default:
      return repr!;
  }
}
