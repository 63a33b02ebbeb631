// Stands in for @rjsf/validator-ajv8, which @rjsf/core imports for its own test helper only.
export default {};
