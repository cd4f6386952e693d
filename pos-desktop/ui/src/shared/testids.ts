// Names by which tests find what a hand can touch or an eye must read. They are stable: a renamed
// one breaks the end-to-end tests of the window.
//
// App bar      nav-sell nav-sales lang-ko lang-en theme-light theme-dark theme-system
//              station-name business-day clock station-link pending-chip pending-count
//              hq-last-ack (while something is pending)
//              banner-clock-doubt banner-core
// Products     search search-clear product-<productId> price-<productId> menu-empty menu-none
//              menu-failed menu-retry
// Entry pad    pad-display pad-product mode-won mode-litre preset-<won> preset-<litres>L
//              pad-0 .. pad-9 pad-00 pad-dot pad-back pad-clear pad-ok
// Cart         cart-line-<lineNo> line-plus-<lineNo> line-minus-<lineNo> line-remove-<lineNo>
//              cart-clear confirm-clear keep-cart cart-empty cart-account account-remove total vat
// Payment      tender-cash-exact tender-cash tender-card tender-account tender-close
//              cash-exact cash-<won> received approval-no account-search account-<accountId>
//              complete
// Completed    completed receipt-no change completed-receipt completed-next
// Sales        sale-row-<saleId> (marks inside: mark-till mark-station mark-hq, with
//              data-reached="yes|no"; data-cancelled="yes|no" on the row) sale-open-<saleId>
//              cancel-<saleId> sales-empty sales-failed sales-retry receipt-text
// No start     trouble trouble-text trouble-detail
// Cancelling   cancel-dialog reason-<input|customer|product|tender|other>
//              confirm-cancel keep-sale
// Dialogs      clear-dialog receipt-dialog receipt-close
// Setup        setup setup-agent setup-code setup-progress setup-key-<character> setup-back
//              setup-submit setup-stopped setup-again setup-enrolled setup-start
// Messages     notice notice-close

export const testids = {
  product: (productId: string) => `product-${productId}`,
  price: (productId: string) => `price-${productId}`,
  pad: (key: string) => `pad-${key}`,
  presetWon: (won: number) => `preset-${won}`,
  presetLitre: (litres: string) => `preset-${litres}L`,
  cartLine: (lineNo: number) => `cart-line-${lineNo}`,
  linePlus: (lineNo: number) => `line-plus-${lineNo}`,
  lineMinus: (lineNo: number) => `line-minus-${lineNo}`,
  lineRemove: (lineNo: number) => `line-remove-${lineNo}`,
  cash: (won: number) => `cash-${won}`,
  account: (accountId: string) => `account-${accountId}`,
  saleRow: (saleId: string) => `sale-row-${saleId}`,
  saleOpen: (saleId: string) => `sale-open-${saleId}`,
  cancel: (saleId: string) => `cancel-${saleId}`,
  setupKey: (character: string) => `setup-key-${character}`,
  reason: (reason: string) => `reason-${reason}`,
} as const;
