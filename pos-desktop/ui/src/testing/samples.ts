import type { Account } from '../generated/Account';
import type { MenuProduct } from '../generated/MenuProduct';

function product(
  productId: string,
  nameKo: string,
  nameEn: string,
  price: number,
  barcode: string | null = null,
): MenuProduct {
  const isFuel = barcode === null;
  return {
    productId,
    nameKo,
    nameEn,
    kind: isFuel ? 'fuel' : 'goods',
    unit: isFuel ? 'L' : 'ea',
    price,
    priceVersion: 7,
    nextPrice: null,
    nextPriceAt: null,
    barcode,
    taxClass: 'taxed',
  };
}

export function sampleProducts(): MenuProduct[] {
  return [
    product('CD1001', '휘발유', 'Gasoline', 1_670),
    {
      ...product('CD1002', '경유', 'Diesel', 1_520),
      nextPrice: 1_535,
      nextPriceAt: '2026-11-23T15:00:00Z',
    },
    product('CD1003', '고급휘발유', 'Premium gasoline', 1_920),
    product('CD1004', '실내등유', 'Kerosene', 1_180),
    product('GD2001', '요소수 10L', 'Urea solution 10 L', 13_000, '8801234500011'),
    product('GD2002', '엔진오일 1L', 'Engine oil 1 L', 12_500, '8801234500028'),
    product('GD2003', '워셔액', 'Washer fluid', 3_000, '8801234500035'),
    product('GD2004', '자동세차', 'Car wash', 5_000, '8801234500042'),
    product('GD2005', '생수 500ml', 'Water 500 ml', 900, '8801234500059'),
    product('GD2006', '캔커피', 'Canned coffee', 1_500, '8801234500066'),
    product('GD2007', '휴대용 티슈', 'Pocket tissue', 1_000, '8801234500073'),
    product('GD2008', '장갑', 'Work gloves', 2_000, '8801234500080'),
    product('GD2009', '와이퍼 600mm', 'Wiper blade 600 mm', 15_000, '8801234500097'),
  ];
}

export function longNames(): MenuProduct[] {
  return [
    ...sampleProducts(),
    product(
      'GD2010',
      '친환경 프리미엄 사계절 발수코팅 워셔액 에탄올 1.8L 대용량 리필형',
      'Eco premium all-season water-repellent washer fluid, ethanol, 1.8 L refill',
      8_900,
      '8801234500103',
    ),
    product('CD1005', '고급 저유황 선박용 경유 면세', 'Premium low-sulphur marine diesel', 1_110),
  ];
}

export function sampleAccounts(): Account[] {
  return [
    {
      accountId: 'AC01',
      accountName: '한빛운수 12가3456',
      balance: 1_240_000,
      creditLimit: 3_000_000,
    },
    {
      accountId: 'AC02',
      accountName: '대한택배 의정부영업소',
      balance: 480_000,
      creditLimit: 500_000,
    },
    { accountId: 'AC03', accountName: '김영수 34나7890', balance: 0, creditLimit: null },
  ];
}
