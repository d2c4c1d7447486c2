import { vectorSuite } from "./vectors/suite.ts";

vectorSuite();
