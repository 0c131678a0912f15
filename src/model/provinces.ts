/** A province-level unit of GB/T 2260. */
export interface Province {
  /** GB/T 2260, two digits. */
  readonly gb: number;
  /** The letters of ISO 3166-2:CN, without `CN-`. */
  readonly iso: string;
  /** The short name, as badges show it. */
  readonly zh: string;
  readonly en: string;
}

const province = (gb: number, zh: string, iso: string, en: string): Province =>
  Object.freeze({ gb, iso, zh, en });

/** The 31 province-level units of the mainland. */
export const MAINLAND_PROVINCES: readonly Province[] = Object.freeze([
  province(11, '北京', 'BJ', 'Beijing'),
  province(12, '天津', 'TJ', 'Tianjin'),
  province(13, '河北', 'HE', 'Hebei'),
  province(14, '山西', 'SX', 'Shanxi'),
  province(15, '内蒙古', 'NM', 'Inner Mongolia'),
  province(21, '辽宁', 'LN', 'Liaoning'),
  province(22, '吉林', 'JL', 'Jilin'),
  province(23, '黑龙江', 'HL', 'Heilongjiang'),
  province(31, '上海', 'SH', 'Shanghai'),
  province(32, '江苏', 'JS', 'Jiangsu'),
  province(33, '浙江', 'ZJ', 'Zhejiang'),
  province(34, '安徽', 'AH', 'Anhui'),
  province(35, '福建', 'FJ', 'Fujian'),
  province(36, '江西', 'JX', 'Jiangxi'),
  province(37, '山东', 'SD', 'Shandong'),
  province(41, '河南', 'HA', 'Henan'),
  province(42, '湖北', 'HB', 'Hubei'),
  province(43, '湖南', 'HN', 'Hunan'),
  province(44, '广东', 'GD', 'Guangdong'),
  province(45, '广西', 'GX', 'Guangxi'),
  province(46, '海南', 'HI', 'Hainan'),
  province(50, '重庆', 'CQ', 'Chongqing'),
  province(51, '四川', 'SC', 'Sichuan'),
  province(52, '贵州', 'GZ', 'Guizhou'),
  province(53, '云南', 'YN', 'Yunnan'),
  province(54, '西藏', 'XZ', 'Xizang'),
  province(61, '陕西', 'SN', 'Shaanxi'),
  province(62, '甘肃', 'GS', 'Gansu'),
  province(63, '青海', 'QH', 'Qinghai'),
  province(64, '宁夏', 'NX', 'Ningxia'),
  province(65, '新疆', 'XJ', 'Xinjiang'),
]);

/** Hong Kong, Macao and Taiwan: province-level in GB/T 2260, never shown by the mainland's rule. */
export const GREATER_CHINA: readonly Province[] = Object.freeze([
  province(71, '台湾', 'TW', 'Taiwan'),
  province(81, '香港', 'HK', 'Hong Kong'),
  province(82, '澳门', 'MO', 'Macao'),
]);
