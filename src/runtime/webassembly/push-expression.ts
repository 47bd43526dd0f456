import type { Emitter } from './emitter.ts';
import type { Code } from './encoder/code.ts';
import {
  type Expression,
  type FunctionName,
  type Integers,
  type Operation,
  operations,
} from './expression.ts';
import { functions } from './functions.ts';

/** Writes code that leaves the value of an expression on the stack. */
export function pushExpression(code: Code, emitter: Emitter, expression: Expression): void {
  if (typeof expression === 'number') code.f32x4(expression);
  else if ('index' in expression) code.get(expression);
  else if ('within' in expression) {
    const local = code.local('v128');
    pushExpression(code, emitter, expression.value);
    code.set(local);
    pushExpression(code, emitter, expression.within(local));
  } else if ('lanes' in expression) code.lanes(expression.lanes);
  else if (isOperation(expression)) {
    const [name, ...operands] = expression;
    for (const operand of operands) pushExpression(code, emitter, operand);
    if (isInstruction(name)) code.op(operations[name]);
    else callFunction(code, emitter, name);
  } else {
    code.i32(expression.bits ?? expression.integers ?? 0);
    if (expression.integers !== undefined) code.op('i32x4.splat');
  }
}

const isOperation = (expression: Operation | Integers): expression is Operation => Array.isArray(expression);

const isInstruction = (name: Operation[0]): name is keyof typeof operations => name in operations;

/** Pops a vector and pushes the value of the function. */
function callFunction(code: Code, emitter: Emitter, name: FunctionName): void {
  const made = emitter.kernel(`function ${name}`, { parameters: ['v128'], results: ['v128'] }, (body, [x]) =>
    pushExpression(body, emitter, functions[name](x)),
  );
  code.call(made.index);
}
