/** A browser draws this many rows without a pause; more are asked for. */
const ROWS_STEP = 300;

/** How many rows of a long list are drawn, so that 20,000 products do not freeze the page. */
export class DrawnRows {
  #limit = $state(ROWS_STEP);

  of<Row>(rows: Row[]): Row[] {
    return rows.length > this.#limit ? rows.slice(0, this.#limit) : rows;
  }

  more(): void {
    this.#limit += ROWS_STEP;
  }
}
